@auth-query @auth-query-init-race @protocol-faults
Feature: A held first login delays nobody else
  All others are served while it is still held, whatever it has in its hands.

  Background:
    Given PostgreSQL with the users alice, bob, carol and dave
    And a fault proxy before PostgreSQL
    And the static users
      | name | pool_size |
      | dave | 2         |
    And a pooler with
      | retain_connections_time | 200ms |
      | idle_timeout            | 300ms |
      | server_lifetime         | 2s    |
      | connect_timeout         | 60s   |
      | client_login_timeout    | 60s   |
      | auth_query.workers      | 1     |
    When carol connects

  Scenario Outline: Held at <point>, with joiners: first logins, queries and the sweep go on
    When the proxy holds alice at "<point>"
    And 4 clients of alice begin to connect
    Then within 10 s 1 connection is held at "<point>"
    And within 10 s "SHOW INTERNALS" says
      | pending | 4 |
      | joiners | 3 |
    When bob connects
    And dave connects
    Then the clients get
      | bob   | select current_user | bob   |
      | carol | select current_user | carol |
      | dave  | select current_user | dave  |
    When carol disconnects
    Then within 10 s the pools are
      | user | clients |
      | bob  | 1       |
      | dave | 1       |
    When carol connects
    Then the clients get
      | carol | select current_user | carol |
    And within 1 s 1 connection is held at "<point>"
    And "SHOW INTERNALS" says
      | pending | 4 |
      | joiners | 3 |
    When the proxy lets them go
    Then within 20 s all of them get in
    And each of them runs "select 1"
    And the counters of "SHOW AUTH_QUERY" are
      | dynamic_pools_created | 4 |
      | pools_joined          | 3 |
      | pools_dropped         | 0 |

    Examples:
      | point                      |
      | AuthenticationSASLContinue |
      | AuthenticationOk           |
      | ReadyForQuery              |

  Scenario: Held before the proxy knows whose connection it is, and only this one
    When the proxy does pg_hold at "SSLResponse"
      | nth   | 1 |
      | times | 1 |
    And alice begins to connect
    Then within 10 s 1 connection is held at "SSLResponse"
    When bob connects
    Then the clients get
      | bob   | select current_user | bob   |
      | carol | select current_user | carol |
    When 3 sweeps have passed
    Then within 1 s 1 connection is held at "SSLResponse"
    When the proxy lets them go
    Then alice gets in
    And alice runs "select current_user" and gets "alice"

  Scenario: Forty users log in for the first time past the one that is held
    Given 40 more users with MD5 secrets
    When the proxy holds alice at "ReadyForQuery"
    And alice begins to connect
    Then within 10 s 1 connection is held at "ReadyForQuery"
    When all 40 users log in at once
    Then all of them succeed
    And each of them runs "select 1"
    And within 1 s 1 connection is held at "ReadyForQuery"
    When the proxy lets them go
    Then alice gets in
    And alice runs "select current_user" and gets "alice"
