@auth-query @auth-query-init-race @protocol-faults
Feature: Many first logins of one user, their probe held in the middle
  One of them opens the pool's first server, all others wait for that one.

  Scenario Outline: <logins> logins of <user>, the first held at <point>: one pool, <joiners> joiners
    Given PostgreSQL with the user alice
    And the MD5 user bob
    And a fault proxy before PostgreSQL
    And a pooler with
      | auth_query.pool_size    | <pool_size> |
      | retain_connections_time | 200ms       |
      | idle_timeout            | 300ms       |
      | server_lifetime         | 2s          |
      | connect_timeout         | 60s         |
      | query_wait_timeout      | 60s         |
      | client_login_timeout    | 60s         |
    When the proxy holds <user> at "<point>"
    And <logins> clients of <user> begin to connect
    Then within 30 s "SHOW INTERNALS" says
      | pending | <logins>  |
      | joiners | <joiners> |
    And within 10 s 1 connection is held at "<point>"
    And there are no pools
    When 3 sweeps have passed
    And the proxy lets them go
    Then within 30 s all of them get in
    And the pools are
      | user   | clients  |
      | <user> | <logins> |
    And the counters of "SHOW AUTH_QUERY" are
      | dynamic_pools_created   | 1          |
      | pools_committed         | 1          |
      | pools_joined            | <joiners>  |
      | pools_dropped           | 0          |
      | pools_reaped            | 0          |
      | commit_superseded       | 0          |
      | gc_skipped_initialising | at least 3 |
    And each of them runs "select pg_sleep(0.02)"
    And PostgreSQL has never had more than <pool_size> sessions of <user>
    When all of them disconnect
    Then within 10 s there are no pools
    And the counters of "SHOW AUTH_QUERY" are
      | dynamic_pools_created | 1 |
      | pools_reaped          | 1 |
    And within 5 s PostgreSQL has 0 sessions of <user>

    # A proof by SCRAM is work for both sides: a hundred of them make a busy machine too slow.
    Examples:
      | user  | logins | joiners | pool_size | point                      |
      | alice | 2      | 1       | 1         | AuthenticationSASLContinue |
      | alice | 16     | 15      | 4         | ParameterStatus            |
      | bob   | 100    | 99      | 3         | ReadyForQuery              |
