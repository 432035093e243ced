@console
Feature: What the console counts outlives a reload

  Background:
    Given PostgreSQL with the users alice and bob
    And a pooler

  Scenario: The look-ups of a database go on being counted when it changes
    When alice connects
    Then the counters of "SHOW AUTH_QUERY" are
      | lookups      | 1 |
      | auth_success | 1 |
    When the pooler is reloaded with
      | auth_query.cache_ttl | 2s |
    And bob connects
    Then the counters of "SHOW AUTH_QUERY" are
      | lookups      | 2 |
      | auth_success | 2 |

  Scenario: A pool that is removed under its client is counted until the client has left
    When alice connects
    And alice runs "begin"
    And the pooler is reloaded without its database
    Then "SHOW SERVERS" shows of the users
      | database | user  | state  | close_needed |
      | app      | alice | active | 1            |
    And "SHOW INTERNALS" says
      | pools         | 1 |
      | leases        | 1 |
      | servers       | 1 |
      | permits_total | 8 |
      | permits_free  | 7 |
    When alice runs "commit"
    Then alice is disconnected; fails with SQLSTATE 57P01
    And within 5 s "SHOW INTERNALS" says
      | pools         | 0 |
      | leases        | 0 |
      | servers       | 0 |
      | permits_total | 0 |
