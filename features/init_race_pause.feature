@auth-query @auth-query-init-race @protocol-faults
Feature: PAUSE in the middle of a first login
  A server that is being opened is opened; whoever comes later waits for RESUME, and not for ever.

  Background:
    Given PostgreSQL with the users alice and bob
    And a fault proxy before PostgreSQL
    And a pooler with
      | retain_connections_time | 100ms |
      | idle_timeout            | 300ms |
      | connect_timeout         | 20s   |
      | query_wait_timeout      | 20s   |
      | client_login_timeout    | 10s   |
      | auth_query.workers      | 1     |
    # A look-up, so that its own connection is there before anything is held.
    When nobody connects; fails with SQLSTATE 28P01

  Scenario: Two logins get in on the server that was being opened, and their queries wait
    When the proxy holds alice at "ReadyForQuery"
    And alice begins to connect
    Then within 10 s 1 connection is held at "ReadyForQuery"
    When alice#2 begins to connect
    Then within 10 s "SHOW INTERNALS" says
      | pending | 2 |
      | joiners | 1 |
    When the pooler gets USR1
    And 3 sweeps have passed
    Then within 1 s 1 connection is held at "ReadyForQuery"
    When the proxy lets them go
    Then alice gets in
    And alice#2 gets in
    And within 10 s PostgreSQL has 0 sessions of alice
    And the counters of "SHOW AUTH_QUERY" are
      | dynamic_pools_created   | 1          |
      | pools_committed         | 1          |
      | pools_joined            | 1          |
      | pools_dropped           | 0          |
      | gc_skipped_initialising | at least 3 |
    When alice starts "select 'after the pause'"
    Then within 5 s the pools are
      | user  | clients | waiting |
      | alice | 2       | 1       |
    When the pooler gets USR2
    Then alice's query answers "after the pause"
    And alice#2 runs "select current_user" and gets "alice"

  Scenario: Who comes behind the pause is told 57P03 when its time is over, and leaves nothing
    When the proxy holds alice at "ReadyForQuery"
    And alice begins to connect
    Then within 10 s 1 connection is held at "ReadyForQuery"
    When the pooler gets USR1
    And bob begins to connect
    Then within 5 s "SHOW INTERNALS" says
      | pools   | 2 |
      | pending | 2 |
    When the proxy lets them go
    Then alice gets in
    And bob gets in; fails with SQLSTATE 57P03
    And within 5 s "SHOW INTERNALS" says
      | pools   | 1 |
      | pending | 0 |
    When the pooler gets USR2
    Then bob connects at once
    And bob runs "select current_user" and gets "bob"
