@auth-query @auth-query-init-race @protocol-faults
Feature: First logins held in the middle of the handshake
  A pool whose first server is still being opened is not garbage, however many sweeps see it.

  Background:
    Given PostgreSQL with the users alice and bob
    And a fault proxy before PostgreSQL
    And a pooler with
      | retain_connections_time | 100ms |
      | idle_timeout            | 200ms |
      | server_lifetime         | 1s    |
      | connect_timeout         | 20s   |
      | query_wait_timeout      | 20s   |
      | auth_query.workers      | 1     |
    # A look-up, so that its own connection is there before anything is held.
    When nobody connects; fails with SQLSTATE 28P01

  Scenario Outline: Held at <point> over three sweeps, two users get in
    When the proxy holds alice and bob at "<point>"
    And alice begins to connect
    And bob begins to connect
    Then within 10 s 2 connections are held at "<point>"
    And "SHOW INTERNALS" says
      | pending | 2 |
    And there are no pools
    When 3 sweeps have passed
    And the proxy lets them go
    Then alice gets in
    And bob gets in
    And the proxy's faults have fired
    And the pools are
      | user  | clients |
      | alice | 1       |
      | bob   | 1       |
    And the counters of "SHOW AUTH_QUERY" are
      | dynamic_pools_created   | 2          |
      | pools_committed         | 2          |
      | gc_skipped_initialising | at least 6 |
    And the clients get
      | alice | select current_user | alice |
      | bob   | select current_user | bob   |

    Examples: up to the end of the authentication
      | point                      |
      | SSLResponse                |
      | AuthenticationSASL         |
      | AuthenticationSASLContinue |
      | AuthenticationSASLFinal    |
      | AuthenticationOk           |

    Examples: behind it
      | point           |
      | ParameterStatus |
      | BackendKeyData  |
      | ReadyForQuery   |

  Scenario: PAUSE comes in the middle, and RESUME lets the login go on
    When the proxy holds alice at "AuthenticationOk"
    And alice begins to connect
    Then within 10 s 1 connection is held at "AuthenticationOk"
    When the pooler gets USR1
    Then within 5 s the log says "paused"
    When the proxy lets them go
    And 3 sweeps have passed
    And the console runs "RESUME"
    Then alice gets in
    And alice runs "select current_user" and gets "alice"
    And the counters of "SHOW AUTH_QUERY" are
      | dynamic_pools_created | 1 |
      | pools_committed       | 1 |
