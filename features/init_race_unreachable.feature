@auth-query @auth-query-init-race @protocol-faults
Feature: The first server of a pool can't be reached in time
  A definite answer within the time-outs, few connects, and nothing left.

  Background:
    Given PostgreSQL with the user alice
    And a fault proxy before PostgreSQL

  Scenario: Nobody listens
    Given a pooler with
      | auth_query.cache_ttl | 60s |
    When alice connects
    And alice disconnects
    Then within 5 s there are no pools
    When the proxy goes down
    And alice begins to connect
    Then within 10 s all of them get in; fails with SQLSTATE 08006
    And there are no pools
    When the proxy comes up
    Then alice connects at once

  Scenario Outline: The server is silent from <point> on, and connect_timeout ends the wait of all
    Given a pooler with
      | connect_timeout    | 4s |
      | auth_query.workers | 1  |
    When nobody connects; fails with SQLSTATE 28P01
    And the proxy does pg_blackhole at "<point>" of alice
    And 3 clients of alice begin to connect
    Then within 10 s all of them get in; fails with SQLSTATE 08006
    And "SHOW INTERNALS" says
      | pools   | 0 |
      | joiners | 0 |
    When the proxy's faults are lifted
    Then alice connects at once

    Examples:
      | point              |
      | SSLResponse        |
      | AuthenticationSASL |
      | AuthenticationOk   |
      | ReadyForQuery      |

  Scenario: client_login_timeout is sooner
    Given a pooler with
      | connect_timeout      | 20s |
      | client_login_timeout | 4s  |
      | auth_query.workers   | 1   |
    When nobody connects; fails with SQLSTATE 28P01
    And the proxy holds alice at "AuthenticationOk"
    And 2 clients of alice begin to connect
    Then within 10 s all of them get in; fails with SQLSTATE 08P01
    And within 2 s "SHOW INTERNALS" says
      | pools   | 0 |
      | pending | 0 |
    When the proxy lets them go
    Then alice connects at once

  Scenario: A hundred logins on a server that is cut off cost one connect
    Given a pooler with
      | connect_timeout    | 20s |
      | auth_query.workers | 1   |
    When nobody connects; fails with SQLSTATE 28P01
    And the proxy holds alice at "SSLResponse"
    And the proxy does pg_close at "SSLResponse" of alice
    And the proxy's connections are counted from here
    And 100 clients of alice begin to connect
    Then within 20 s "SHOW INTERNALS" says
      | joiners | 99 |
    When the proxy lets them go
    Then within 10 s all of them get in; fails with SQLSTATE 08006
    And the proxy has taken 1 to 1 connections since
    And there are no pools
    When the proxy's faults are lifted
    Then alice connects at once
