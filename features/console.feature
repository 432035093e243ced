@console
Feature: The admin console
  For people and tools: who is here, and what it may be asked.

  Background:
    Given PostgreSQL with the user alice
    And a pooler

  Scenario: A session shows with its user, state and name
    When alice connects with application_name "report"
    Then "SHOW CLIENTS" shows of the users
      | type | user  | database | state | application_name |
      | C    | alice | app      | idle  | report           |

  Scenario: What it does not know, and who may not ask
    When the console runs "SHOW NONSENSE"; fails with SQLSTATE 08P01
    And the console runs "show version;"
    And alice connects to "pgturnstile"; fails with SQLSTATE 28P01

  Scenario: The request_time of a console client is that of its latest request
    When admin connects to the console
    Then within 5 s the request_time of admin at the console moves on
