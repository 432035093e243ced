@auth-query @auth-query-init-race
Feature: A login in the instant in which its pool is reaped
  It finds the old pool, or it makes a new one; there is no third.

  # Without a challenge nothing lies between a login's first word and the registry.
  Scenario: A login at the very sweep that is to reap: over and over, one pool and a served client
    Given PostgreSQL with the user alice
    And the MD5 user carol
    And a pooler with
      | retain_connections_time | 50ms                            |
      | idle_timeout            | 250ms                           |
      | server_lifetime         | 1s                              |
      | auth_query.cache_ttl    | 60s                             |
      | hba                     | host all all 127.0.0.1/32 trust |
    When carol connects
    And carol leaves and comes back when its pool is being reaped, 50 times and more
    Then the pools are
      | user  | clients |
      | carol | 1       |
    And the counters of "SHOW AUTH_QUERY" are
      | dynamic_pools_current | 1          |
      | pools_reaped          | at least 5 |
      | pools_dropped         | 0          |
      | commit_superseded     | 0          |
    When carol disconnects
    Then within 10 s there are no pools
