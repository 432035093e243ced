@auth-query @auth-query-init-race @protocol-faults
Feature: A reload in the middle of a pool's initialisation
  A login whose pool is taken away starts over once, if the configuration of then lets it.

  Background:
    Given PostgreSQL with the users alice and owner
    And a fault proxy before PostgreSQL
    And a pooler with
      | retain_connections_time | 200ms |
      | idle_timeout            | 300ms |
      | server_lifetime         | 2s    |
      | connect_timeout         | 20s   |
      | auth_query.cache_ttl    | 60s   |

  Scenario Outline: Held at <point> when the database goes: 57P01, and 3D000 for who comes later
    When the proxy holds alice at "<point>"
    And alice begins to connect
    Then within 10 s 1 connection is held at "<point>"
    When alice#2 begins to connect
    Then within 10 s "SHOW INTERNALS" says
      | pools   | 1 |
      | pending | 2 |
      | joiners | 1 |
    When the pooler is reloaded without its database
    Then within 1 s 1 connection is held at "<point>"
    And alice#2 gets in; fails with SQLSTATE 57P01
    When alice#3 connects; fails with SQLSTATE 3D000
    Then within 1 s 1 connection is held at "<point>"
    When the proxy lets them go
    Then within 5 s all of them get in; fails with SQLSTATE 57P01
    And within 5 s "SHOW INTERNALS" says
      | pools   | 0 |
      | pending | 0 |
      | servers | 0 |
    When the pooler is reloaded
    Then the counters of "SHOW AUTH_QUERY" are
      | dynamic_pools_created   | 1 |
      | dynamic_pools_destroyed | 1 |
      | pools_joined            | 1 |
      | pools_committed         | 0 |
      | commit_superseded       | 1 |
    When alice connects
    Then alice runs "select current_user" and gets "alice"

    Examples:
      | point                      |
      | AuthenticationSASLContinue |
      | AuthenticationOk           |
      | ReadyForQuery              |

  Scenario: The database goes, and the server never answers: 57P01 when connect_timeout is over
    When the pooler is reloaded with
      | connect_timeout | 5s |
    And the proxy holds alice at "AuthenticationOk"
    And alice begins to connect
    Then within 5 s 1 connection is held at "AuthenticationOk"
    When the pooler is reloaded without its database
    Then within 15 s all of them get in; fails with SQLSTATE 57P01

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
