@auth-query @auth-query-init-race @protocol-faults
Feature: The connection is cut in the middle of the first login
  Whoever waits is told at once, nothing is left of the attempt, and the next login begins afresh.

  Background:
    Given PostgreSQL with the user alice
    And a fault proxy before PostgreSQL
    And a pooler with
      | retain_connections_time | 100ms |
      | connect_timeout         | 20s   |
      | query_wait_timeout      | 20s   |
      | auth_query.workers      | 1     |
    # A look-up, so that its own connection is there before anything is cut.
    When nobody connects; fails with SQLSTATE 28P01

  Scenario Outline: A login alone, and <fault> at <point>
    When the proxy does <fault> at "<point>" of alice
    And alice begins to connect
    Then within 10 s all of them get in; fails with SQLSTATE 08006
    And the proxy's faults have fired
    And "SHOW INTERNALS" says
      | pools   | 0 |
      | pending | 0 |
    And the counters of "SHOW AUTH_QUERY" are
      | dynamic_pools_created | 1 |
      | dynamic_pools_current | 0 |
      | pools_dropped         | 1 |
    When the proxy's faults are lifted
    Then alice connects at once
    And alice runs "select current_user" and gets "alice"

    Examples:
      | fault    | point                      |
      | pg_close | SSLRequest                 |
      | pg_reset | SSLResponse                |
      | pg_close | StartupMessage             |
      | pg_reset | AuthenticationSASL         |
      | pg_close | AuthenticationSASLContinue |
      | pg_reset | AuthenticationSASLFinal    |
      | pg_close | AuthenticationOk           |
      | pg_reset | ParameterStatus            |
      | pg_close | BackendKeyData             |
      | pg_reset | ReadyForQuery              |

  Scenario: In the middle of a message
    When the proxy does pg_truncate at "ParameterStatus" of alice
      | bytes | 7 |
    And alice connects; fails with SQLSTATE 08006
    And the proxy's faults are lifted
    Then alice connects at once

  Scenario Outline: Two more wait for the login that is cut at <point>
    When the proxy holds alice at "<point>"
    And the proxy does pg_close at "<point>" of alice
    And the proxy's connections are counted from here
    And 3 clients of alice begin to connect
    Then within 10 s 1 connection is held at "<point>"
    And within 10 s "SHOW INTERNALS" says
      | pending | 3 |
      | joiners | 2 |
    When the proxy lets them go
    Then within 10 s all of them get in; fails with SQLSTATE 08006
    And the proxy has taken 1 to 1 connections since
    And "SHOW INTERNALS" says
      | pools   | 0 |
      | joiners | 0 |
    And the counters of "SHOW AUTH_QUERY" are
      | pools_joined          | 2 |
      | pools_dropped         | 1 |
      | dynamic_pools_current | 0 |
    When the proxy's faults are lifted
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
