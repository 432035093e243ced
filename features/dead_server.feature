Feature: A server that is not there
  Everybody is answered in time, and the number of connects stays small.

  @auth-query
  Scenario: Fifty first logins on a server that is silent cost a connect or two
    Given PostgreSQL with the user alice
    And a relay before PostgreSQL
    And a pooler with
      | connect_timeout      | 2s  |
      | auth_query.cache_ttl | 60s |
    When alice connects
    And alice disconnects
    Then within 5 s there are no pools
    When the relay falls silent
    And 50 clients of alice log in at once within 8 s
    Then all of them fail with SQLSTATE 08006
    And the relay has left 1 to 8 connections without an answer
    And there are no pools
    When the relay answers again
    And alice connects
    Then alice runs "select 1" and gets "1"

  Scenario: PostgreSQL is down: logins fail with 57P03, and all is well when it is up again
    Given PostgreSQL of its own with the users alice and bob
    And a pooler
    When alice connects
    And PostgreSQL stops
    And alice runs "select 1"; fails with SQLSTATE 08006
    And bob connects; fails with SQLSTATE 57P03
    And PostgreSQL starts again
    And bob connects
    Then bob runs "select 1" and gets "1"

  Scenario: A static user on a dead server gets 08006 when a server is needed
    Given PostgreSQL of its own with the user alice
    And the static users
      | name  | pool_size |
      | alice | 2         |
    And a pooler
    When PostgreSQL stops
    And alice connects; fails with SQLSTATE 08006
    And PostgreSQL starts again
    And alice connects
    Then alice runs "select 1" and gets "1"
