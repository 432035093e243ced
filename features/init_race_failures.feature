@auth-query @auth-query-init-race @protocol-faults
Feature: PostgreSQL refuses the first server of a pool
  Everybody who waits is told PostgreSQL's own reason at once; nothing is left of the attempt.

  Background:
    Given PostgreSQL with the users alice and bob
    And a fault proxy before PostgreSQL
    And a pooler with
      | retain_connections_time | 100ms |
      | connect_timeout         | 20s   |
      | query_wait_timeout      | 20s   |
      | auth_query.workers      | 1     |
      | auth_query.cache_ttl    | 60s   |
    # Look-ups, so that their connection is there and PostgreSQL's secret of alice is remembered.
    When alice connects
    And alice disconnects
    Then within 5 s there are no pools

  Scenario Outline: <what>, with two more waiting
    When PostgreSQL runs "<before>"
    And the proxy holds alice at "<point>"
    And the proxy's connections are counted from here
    And 3 clients of alice begin to connect
    Then within 10 s 1 connection is held at "<point>"
    And within 10 s "SHOW INTERNALS" says
      | pending | 3 |
      | joiners | 2 |
    When the proxy lets them go
    Then within 10 s all of them get in; fails with SQLSTATE <code>
    And the proxy has taken 1 to 1 connections since
    And "SHOW INTERNALS" says
      | pools   | 0 |
      | pending | 0 |
    And the counters of "SHOW AUTH_QUERY" are
      | pools_joined          | 2 |
      | pools_dropped         | 1 |
      | dynamic_pools_current | 0 |
    When PostgreSQL runs "<after>"
    Then alice connects at once
    And alice runs "select current_user" and gets "alice"

    # At SASLContinue the pooler sees that its keys are of an older password, and asks no further.
    Examples:
      | what                                | point                      | code  | before                                      | after                                    |
      | The password is another by now      | AuthenticationSASLContinue | 28P01 | alter role :alice password 'other'          | alter role :alice password 'alice_pw'    |
      | The role's connections are used up  | ErrorResponse              | 53300 | alter role :alice connection limit 0        | alter role :alice connection limit -1    |
      | The role may not enter the database | ErrorResponse              | 42501 | revoke connect on database :app from public | grant connect on database :app to public |

  Scenario Outline: PostgreSQL says <code> behind <point>, to a login alone
    When the proxy does pg_error at "<point>" of alice
      | severity | FATAL  |
      | sqlstate | <code> |
    And alice begins to connect
    Then within 10 s all of them get in; fails with SQLSTATE <code>
    And there are no pools
    And "SHOW INTERNALS" says
      | pools   | 0 |
      | pending | 0 |
    When the proxy's faults are lifted
    Then alice connects at once

    Examples:
      | code  | point              |
      | 53300 | AuthenticationSASL |
      | 28000 | AuthenticationSASL |
      | 3D000 | AuthenticationOk   |
      | 57P03 | ParameterStatus    |
      | 53200 | ReadyForQuery      |

  Scenario: The database is not at the server
    When the pooler is reloaded with
      | auth_query.database  | :app    |
      | pool.server_database | nowhere |
    And alice begins to connect
    Then within 10 s all of them get in; fails with SQLSTATE 3D000
    And there are no pools
    When the pooler is reloaded with
      | pool.server_database | :app |
    Then alice connects at once


  Scenario: An operator's startup parameter that PostgreSQL refuses
    When the pooler is reloaded with
      | pool.startup_parameters | { work_mem = "much" } |
    And 3 clients of alice begin to connect
    Then within 10 s all of them get in; fails with SQLSTATE 22023
    And there are no pools
    When the pooler is reloaded with
      | pool.startup_parameters | { work_mem = "5MB" } |
    Then alice connects at once
    And alice runs "show work_mem" and gets "5MB"
