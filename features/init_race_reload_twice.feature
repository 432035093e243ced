@auth-query @auth-query-init-race @protocol-faults
Feature: A database that goes and comes back in the middle of a pool's initialisation
  A login whose pool was taken away starts over, once.

  Background:
    Given PostgreSQL with the user alice
    And a fault proxy before PostgreSQL
    And a pooler with
      | retain_connections_time | 200ms |
      | idle_timeout            | 300ms |
      | server_lifetime         | 2s    |
      | connect_timeout         | 20s   |
      | auth_query.cache_ttl    | 60s   |

  Scenario: Dropped and brought back: the held login starts over, and gets in
    When the proxy holds alice at "ReadyForQuery"
    And alice begins to connect
    Then within 10 s 1 connection is held at "ReadyForQuery"
    When the pooler is reloaded without its database
    And the pooler is reloaded
    And alice#2 begins to connect
    Then within 10 s 2 connections are held at "ReadyForQuery"
    And "SHOW INTERNALS" says
      | pending | 1 |
      | joiners | 0 |
    # The login of the old pool finds the new one, and somebody who opens its first server.
    When the proxy lets 1 go
    Then within 10 s "SHOW INTERNALS" says
      | pending | 2 |
      | joiners | 1 |
    And the counters of "SHOW AUTH_QUERY" are
      | commit_superseded | 1 |
      | pools_committed   | 0 |
    When the proxy lets them go
    Then alice gets in
    And alice#2 gets in
    And the clients get
      | alice   | select current_user | alice |
      | alice#2 | select current_user | alice |
    And the pools are
      | user  | clients |
      | alice | 2       |
    And the counters of "SHOW AUTH_QUERY" are
      | dynamic_pools_created   | 2 |
      | dynamic_pools_destroyed | 1 |
      | pools_committed         | 1 |
      | pools_joined            | 1 |
      | commit_superseded       | 1 |

  Scenario: Dropped and brought back twice: 57P01, for it starts over only once
    When the proxy holds alice at "ReadyForQuery"
    And alice begins to connect
    Then within 10 s 1 connection is held at "ReadyForQuery"
    When the pooler is reloaded without its database
    And the pooler is reloaded
    And the proxy lets 1 go
    Then within 10 s the counters of "SHOW AUTH_QUERY" are
      | dynamic_pools_created | 2 |
      | commit_superseded     | 1 |
    And within 10 s 1 connection is held at "ReadyForQuery"
    When the pooler is reloaded without its database
    And the pooler is reloaded
    And the proxy lets them go
    Then within 5 s all of them get in; fails with SQLSTATE 57P01
    And the counters of "SHOW AUTH_QUERY" are
      | dynamic_pools_created | 2 |
      | pools_committed       | 0 |
      | commit_superseded     | 2 |
    When alice connects
    Then alice runs "select current_user" and gets "alice"
