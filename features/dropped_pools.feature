@auth-query
Feature: A pool that a reload took away, and a new one of the same name
  Whoever still belongs to the old pool does not count on the new one.

  Scenario: The last client of the old pool leaves, the new pool keeps its own
    Given PostgreSQL with the user alice
    And a pooler with
      | idle_timeout | 200ms |
    When alice connects
    And alice runs "begin"
    And the pooler is reloaded without its database
    And the pooler is reloaded
    And alice#2 connects
    And alice runs "commit"
    Then alice is cut off
    And within 5 s the pools are
      | user  | clients | servers |
      | alice | 1       | 0       |
    And after 3 more sweeps the pools are
      | user  | clients | servers |
      | alice | 1       | 0       |
    And the counters of "SHOW AUTH_QUERY" are
      | dynamic_pools_created | 2 |
      | pools_reaped          | 0 |
