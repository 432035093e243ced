@auth-query @auth-query-init-race @protocol-faults
Feature: A database that goes in the middle of a pool's initialisation
  Nothing of a pool that a reload took away remains, and each login of it gets an answer.

  Background:
    Given PostgreSQL with the user alice
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
