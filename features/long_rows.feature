@portable
Feature: A reply ends anywhere
  PostgreSQL sends 8 KB at a time and the pooler has buffers of that size: what follows a row may be
  cut at any byte.

  Scenario: Rows of every length around the size of a buffer, and of two
    Given PostgreSQL with the user alice
    And a pooler
    When alice connects
    Then alice reads a row of every length from 8080 to 8200 bytes
    And alice reads a row of every length from 16270 to 16390 bytes
