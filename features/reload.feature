Feature: Reload

  Background:
    Given PostgreSQL with the users alice and bob
    And a pooler with
      | auth_query.pool_size | 1 |

  Scenario: A larger pool serves those who wait; clients stay
    When alice connects
    And alice#2 connects
    And alice runs "begin"
    And alice#2 starts "select 'served'"
    Then within 2 s the pools are
      | user  | waiting |
      | alice | 1       |
    When the pooler is reloaded with
      | auth_query.pool_size | 2 |
    Then alice#2's query answers "served"
    And alice runs "commit"

  Scenario: Servers of the old settings are replaced when they are free
    When alice connects
    And alice notes "select pg_backend_pid()" as pid
    And the pooler is reloaded with
      | pool.application_name | after |
    Then within 3 s alice runs "show application_name" and gets "after"
    And alice's "select pg_backend_pid()" is not the noted pid

  Scenario: A broken file changes nothing
    When alice connects
    And the pooler's file is broken
    And the pooler gets HUP
    And the console runs "RELOAD"; fails with SQLSTATE F0000
    Then the pooler still runs
    And alice runs "select 1" and gets "1"
    When bob connects
    Then bob runs "select current_user" and gets "bob"

  Scenario: A database that goes away ends its clients at the end of their turn
    When alice connects
    And alice runs "begin"
    And the pooler is reloaded without its database
    Then alice runs "select 1" and gets "1"
    And alice runs "commit"
    And alice is disconnected; fails with SQLSTATE 57P01
    When bob connects; fails with SQLSTATE 3D000

  Scenario: The console reloads as HUP does
    When alice connects
    And the console runs "RELOAD"
    Then alice runs "select 1" and gets "1"
    When the pooler gets HUP
    Then alice runs "select 1" and gets "1"
