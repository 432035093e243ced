@auth-query @auth-query-init-race @protocol-faults
Feature: The client goes away in the middle of its first login
  Its pool goes with it, unless others wait: then one of them carries on.

  Background:
    Given PostgreSQL with the user alice
    And a fault proxy before PostgreSQL
    And a pooler with
      | retain_connections_time | 100ms |
      | connect_timeout         | 20s   |
      | query_wait_timeout      | 20s   |
      | auth_query.workers      | 1     |
    # A look-up, so that its own connection is there before anything is held.
    When nobody connects; fails with SQLSTATE 28P01

  Scenario Outline: Alone, gone at <point>
    When the proxy holds alice at "<point>"
    And alice begins to connect
    Then within 10 s 1 connection is held at "<point>"
    When alice gives up
    Then within 3 s "SHOW INTERNALS" says
      | pools   | 0 |
      | pending | 0 |
    And within 10 s "SHOW INTERNALS" says
      | undertaking | 0 |
    And within 3 s PostgreSQL has 0 sessions of alice
    And the counters of "SHOW AUTH_QUERY" are
      | dynamic_pools_created | 1 |
      | pools_dropped         | 1 |
    When the proxy lets them go
    Then alice connects at once
    And alice runs "select current_user" and gets "alice"

    Examples:
      | point                      |
      | SSLResponse                |
      | AuthenticationSASL         |
      | AuthenticationSASLContinue |
      | AuthenticationSASLFinal    |
      | AuthenticationOk           |
      | ParameterStatus            |
      | BackendKeyData             |
      | ReadyForQuery              |

  Scenario Outline: Another waits when it is gone at <point>, and is served
    When the proxy holds alice at "<point>"
    And alice begins to connect
    Then within 10 s 1 connection is held at "<point>"
    When alice#2 begins to connect
    Then within 10 s "SHOW INTERNALS" says
      | joiners | 1 |
    When alice gives up
    Then within 3 s "SHOW INTERNALS" says
      | pending | 1 |
      | joiners | 0 |
    When the proxy lets them go
    Then alice#2 gets in
    And alice#2 runs "select current_user" and gets "alice"
    And the counters of "SHOW AUTH_QUERY" are
      | dynamic_pools_created | 1 |
      | pools_joined          | 1 |
      | pools_committed       | 1 |
      | pools_dropped         | 0 |

    Examples:
      | point                      |
      | SSLResponse                |
      | AuthenticationSASL         |
      | AuthenticationSASLContinue |
      | AuthenticationSASLFinal    |
      | AuthenticationOk           |
      | ParameterStatus            |
      | BackendKeyData             |
      | ReadyForQuery              |
