@auth-query @auth-query-init-race @protocol-faults
Feature: The sweep takes a pool that nobody needs, and no other
  Whatever keeps a pool is there over three sweeps, then it is taken away, and the pool is reaped.

  Background:
    Given PostgreSQL with the user alice
    And a fault proxy before PostgreSQL
    And a pooler with
      | retain_connections_time | 50ms  |
      | idle_timeout            | 250ms |
      | server_lifetime         | 1s    |
      | connect_timeout         | 20s   |
      | query_wait_timeout      | 20s   |
      | auth_query.pool_size    | 1     |

  Scenario: Of two clients one leaves: the other keeps the pool, and it goes with the last
    When alice connects
    And alice#2 connects
    And alice disconnects
    Then within 5 s the pools are
      | user  | clients | servers |
      | alice | 1       | 0       |
    And after 3 more sweeps the pools are
      | user  | clients | servers |
      | alice | 1       | 0       |
    When alice#2 disconnects
    Then within 10 s there are no pools
    And the counters of "SHOW AUTH_QUERY" are
      | dynamic_pools_created | 1 |
      | pools_reaped          | 1 |

  Scenario: One waits at the gate while the only server is still being opened
    When alice connects
    And alice#2 connects
    Then within 5 s the pools are
      | user  | clients | servers |
      | alice | 2       | 0       |
    When the proxy holds alice at "AuthenticationOk"
    And alice starts "select 'opened'"
    Then within 5 s 1 connection is held at "AuthenticationOk"
    When alice#2 starts "select 'waited'"
    Then within 5 s "SHOW INTERNALS" says
      | waiters | 1 |
    When 3 sweeps have passed
    Then "SHOW INTERNALS" says
      | pools   | 1 |
      | waiters | 1 |
    And within 1 s 1 connection is held at "AuthenticationOk"
    When the proxy lets them go
    Then alice's query answers "opened"
    And alice#2's query answers "waited"
    When alice disconnects
    And alice#2 disconnects
    Then within 10 s there are no pools
    And the counters of "SHOW AUTH_QUERY" are
      | dynamic_pools_created | 1 |
      | pools_reaped          | 1 |

  Scenario: A paused database keeps its pools until RESUME
    When alice connects
    And alice runs "select 1"
    And the console runs "PAUSE"
    And alice disconnects
    Then within 5 s the pools are
      | user  | clients | servers |
      | alice | 0       | 0       |
    And after 3 more sweeps the pools are
      | user  | clients | servers |
      | alice | 0       | 0       |
    When the console runs "RESUME"
    Then within 10 s there are no pools
    And the counters of "SHOW AUTH_QUERY" are
      | pools_reaped | 1 |

  Scenario: min_pool_size keeps a pool until a reload takes it away
    When the pooler is reloaded with
      | auth_query.min_pool_size | 1 |
    And alice connects
    And alice disconnects
    Then within 5 s the pools are
      | user  | clients | servers |
      | alice | 0       | 1       |
    When 3 sweeps have passed
    Then within 5 s the pools are
      | user  | clients | servers |
      | alice | 0       | 1       |
    And the counters of "SHOW AUTH_QUERY" are
      | dynamic_pools_created | 1 |
      | pools_reaped          | 0 |
    When the pooler is reloaded with
      | auth_query.min_pool_size | 0 |
    Then within 10 s there are no pools
    And the counters of "SHOW AUTH_QUERY" are
      | pools_reaped | 1 |
