@auth-query @auth-query-init-race
Feature: Many first logins at once
  A pool that is still being initialised is nobody's garbage, and one probe serves all who wait.

  Scenario: Forty logins of one user, and never more servers than the pool's size
    Given PostgreSQL with the user alice
    And a pooler with
      | auth_query.pool_size    | 3     |
      | retain_connections_time | 200ms |
      | connect_timeout         | 20s   |
    When 40 clients of alice log in at once
    Then all of them succeed
    And the pools are
      | user  | clients |
      | alice | 40      |
    And each of them runs "select 1"
    And the counters of "SHOW AUTH_QUERY" are
      | dynamic_pools_created | 1          |
      | pools_committed       | at least 1 |
    And PostgreSQL has never had more than 3 sessions of alice

  Scenario: Logins join the first one's probe, and the sweep lets the pool be
    Given PostgreSQL with the user alice
    And a pooler with
      | retain_connections_time | 200ms |
      | connect_timeout         | 20s   |
    When the console runs "PAUSE"
    And alice begins to connect
    And alice#2 begins to connect
    And alice#3 begins to connect
    Then within 10 s "SHOW INTERNALS" says
      | pending | 3 |
      | joiners | 2 |
    And within 10 s the counters of "SHOW AUTH_QUERY" are
      | dynamic_pools_created   | 1          |
      | gc_skipped_initialising | at least 3 |
    When the console runs "RESUME"
    Then alice gets in
    And alice#2 gets in
    And alice#3 gets in
    And the counters of "SHOW AUTH_QUERY" are
      | dynamic_pools_created | 1 |
      | pools_committed       | 1 |
      | pools_joined          | 2 |
    And the pools are
      | user  | clients |
      | alice | 3       |

  Scenario Outline: Two hundred users with <method> secrets, while the sweep runs
    Given PostgreSQL with the user alice
    And 200 more users with <method> secrets
    And a pooler with
      | retain_connections_time | 200ms |
      | idle_timeout            | 200ms |
      | connect_timeout         | 20s   |
      | auth_query.pool_size    | 2     |
    When all 200 users log in at once
    Then all of them succeed
    And each of them runs "select 1"
    When all of them disconnect
    Then within 10 s there are no pools

    @slow
    Examples:
      | method |
      | SCRAM  |

    Examples:
      | method |
      | MD5    |
