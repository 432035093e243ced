@auth-query @auth-query-init-race @protocol-faults
Feature: Settings that change in the middle of a pool's initialisation
  The pool stays as long as its database has dynamic users.

  Background:
    Given PostgreSQL with the users alice and owner
    And a fault proxy before PostgreSQL
    And a pooler with
      | retain_connections_time | 200ms |
      | idle_timeout            | 300ms |
      | server_lifetime         | 2s    |
      | connect_timeout         | 20s   |
      | auth_query.cache_ttl    | 60s   |

  Scenario: Dedicated mode comes in the middle: 57P01, and the next login works as the owner
    Given the pooler may keep 0 servers in 1 pool
    When the proxy holds alice at "ReadyForQuery"
    And alice begins to connect
    Then within 10 s 1 connection is held at "ReadyForQuery"
    When the pooler is reloaded with
      | auth_query.server_user     | :owner   |
      | auth_query.server_password | owner_pw |
    And the proxy lets them go
    Then within 5 s all of them get in; fails with SQLSTATE 57P01
    When alice connects
    Then alice runs "select current_user" and gets "owner"
    And the pools are
      | user  | clients |
      | owner | 1       |

  Scenario: Only settings change: the pool stays, and the login gets in
    When the proxy holds alice at "ReadyForQuery"
    And alice begins to connect
    Then within 10 s 1 connection is held at "ReadyForQuery"
    When the pooler is reloaded with
      | pool.application_name | after |
    And 3 sweeps have passed
    Then within 1 s 1 connection is held at "ReadyForQuery"
    When the proxy lets them go
    Then alice gets in
    And within 5 s alice runs "show application_name" and gets "after"
    And the counters of "SHOW AUTH_QUERY" are
      | dynamic_pools_created | 1 |
      | pools_committed       | 1 |
      | pools_dropped         | 0 |
      | commit_superseded     | 0 |
