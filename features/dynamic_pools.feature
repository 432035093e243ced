@auth-query
Feature: A dynamic pool lives as long as somebody needs it
  It appears at a user's first login, opened as that user, and is reaped when it is unused.

  Background:
    Given PostgreSQL with the users alice and bob
    And a pooler with
      | retain_connections_time | 200ms |
      | idle_timeout            | 500ms |

  Scenario: It appears, is used, and is reaped after its last client has left
    Then there are no pools
    When alice connects
    And alice runs "begin"
    And alice runs "select current_user" and gets "alice"
    Then the pools are
      | user  | clients | servers |
      | alice | 1       | 1       |
    When alice runs "commit"
    Then the counters of "SHOW AUTH_QUERY" are
      | dynamic_pools_current | 1 |
      | dynamic_pools_created | 1 |
      | pools_committed       | 1 |
    When alice disconnects
    Then within 5 s there are no pools
    And within 2 s PostgreSQL has 0 sessions of alice
    And the counters of "SHOW AUTH_QUERY" are
      | dynamic_pools_current   | 0 |
      | dynamic_pools_destroyed | 1 |
      | pools_reaped            | 1 |

  Scenario: It comes again at the next login
    When alice connects
    And alice disconnects
    Then within 5 s there are no pools
    When alice connects
    Then alice runs "select 1" and gets "1"

  Scenario: An attached client keeps its pool, also without a server
    When alice connects
    And alice runs "select 1"
    Then within 5 s the pools are
      | user  | clients | servers |
      | alice | 1       | 0       |
    And after 3 more sweeps the pools are
      | user  | clients | servers |
      | alice | 1       | 0       |
    And alice runs "select current_user" and gets "alice"

  Scenario: Each user has a pool of its own
    When alice connects
    And bob connects
    Then the pools are
      | user  | clients |
      | alice | 1       |
      | bob   | 1       |
    When bob disconnects
    Then within 5 s the pools are
      | user  | clients |
      | alice | 1       |

  Scenario: A login that fails opens none
    When bob connects with password "guess"; fails with SQLSTATE 28P01
    And nobody connects; fails with SQLSTATE 28P01
    Then there are no pools
    And the counters of "SHOW AUTH_QUERY" are
      | dynamic_pools_created | 0 |
      | auth_failure          | 2 |
