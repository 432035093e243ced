@auth-query @auth-query-init-race @protocol-faults
Feature: First logins held in the middle of the handshake
  A pool whose first server is still being opened is not garbage, however many sweeps see it.

  Background:
    Given PostgreSQL with the users alice, bob and carol
    And a fault proxy before PostgreSQL
    And a pooler with
      | retain_connections_time | 100ms |
      | idle_timeout            | 200ms |
      | server_lifetime         | 1s    |
      | connect_timeout         | 20s   |
      | query_wait_timeout      | 20s   |
      | auth_query.workers      | 1     |
    # The connection of the look-ups is there from now on, and idle.
    When carol connects
    And carol disconnects
    Then within 5 s there are no pools

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
      | dynamic_pools_created   | 3          |
      | pools_committed         | 3          |
      | pools_dropped           | 0          |
      | gc_skipped_initialising | at least 6 |
    And the clients get
      | alice | select current_user | alice |
      | bob   | select current_user | bob   |

    Examples: before and in the authentication
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
