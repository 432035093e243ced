@auth-query @auth-query-init-race
Feature: A first server that takes its time
  The sweep that comes meanwhile leaves the pool alone, however long PostgreSQL takes.

  Scenario: Three sweeps pass while PostgreSQL keeps the first login waiting
    Given PostgreSQL of its own with the user alice
    And a pooler with
      | retain_connections_time | 100ms |
      | auth_query.cache_ttl    | 60s   |
    When alice connects
    And alice disconnects
    Then within 5 s there are no pools
    # Every new session reads this table before it is ready.
    When a superuser holds a lock on pg_db_role_setting
    And alice begins to connect
    Then within 5 s the counters of "SHOW AUTH_QUERY" are
      | pools_reaped            | 1          |
      | gc_skipped_initialising | at least 3 |
    When alice#2 begins to connect
    Then within 5 s "SHOW INTERNALS" says
      | pending | 2 |
      | joiners | 1 |
    When the superuser lets go
    Then alice gets in
    And alice#2 gets in
    And the counters of "SHOW AUTH_QUERY" are
      | dynamic_pools_created | 2 |
      | pools_joined          | 1 |
      | pools_reaped          | 1 |
      | commit_superseded     | 0 |
    And alice runs "select current_user" and gets "alice"
