Feature: Cancelling
  A cancel hits the query of the client whose key it carries, or nothing.

  Background:
    Given PostgreSQL with the user alice

  @portable
  Scenario: The right query and no other
    Given a pooler with
      | auth_query.pool_size | 2 |
    When alice connects
    And alice#2 connects
    And alice starts "select pg_sleep(30)"
    And alice#2 starts "select pg_sleep(1), 'other'"
    Then within 5 s PostgreSQL runs 2 queries with "pg_sleep"
    When alice cancels
    Then alice's query ends; fails with SQLSTATE 57014
    And alice#2's query answers "|other"
    And alice runs "select 1"

  @portable
  Scenario: A wrong key cancels nothing
    Given a pooler with
      | auth_query.pool_size | 1 |
    When alice connects by wire
    And alice starts "select pg_sleep(1), 'slept'"
    Then within 5 s PostgreSQL runs 1 query with "pg_sleep"
    When a stranger cancels alice with a wrong key
    Then alice's query answers "|slept"

  @portable
  Scenario: Over TLS
    Given a pooler
    When alice connects over TLS
    And alice starts "select pg_sleep(30)"
    Then within 5 s PostgreSQL runs 1 query with "pg_sleep"
    When alice cancels
    Then alice's query ends; fails with SQLSTATE 57014

  Scenario: A client that waits for a server is cancelled where it waits
    Given a pooler with
      | auth_query.pool_size | 1 |
    When alice connects
    And alice#2 connects
    And alice runs "begin"
    And alice#2 starts "select 1"
    Then within 2 s the pools are
      | user  | waiting |
      | alice | 1       |
    When alice#2 cancels
    Then alice#2's query ends; fails with SQLSTATE 57014
    When alice runs "commit"
    Then alice#2 runs "select 1" and gets "1"

  @portable
  Scenario: A cancel with nothing to cancel leaves the next query alone
    Given a pooler with
      | auth_query.pool_size | 1 |
    When alice connects
    And alice#2 connects
    And alice runs "select 1"
    And alice cancels
    Then alice#2 runs "select pg_sleep(0.2), 'untouched'" and gets "|untouched"
    And alice runs "select 1"
