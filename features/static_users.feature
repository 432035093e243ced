Feature: Users in the configuration itself

  Background:
    Given PostgreSQL with the users alice and bob

  Scenario: A static user and a looked-up one side by side
    Given the static users
      | name  | pool_size |
      | alice | 2         |
    And a pooler
    When alice connects
    And bob connects
    Then the clients get
      | alice | select current_user | alice |
      | bob   | select current_user | bob   |
    And the counters of "SHOW AUTH_QUERY" are
      | dynamic_pools_current | 1 |
      | lookups               | 1 |

  Scenario: Without auth_query nobody else exists
    Given no auth_query
    And the static users
      | name  | pool_size |
      | alice | 2         |
    And a pooler
    When alice connects
    And alice#2 connects with password "guess"; fails with SQLSTATE 28P01
    And bob connects; fails with SQLSTATE 28P01
    Then alice runs "select current_user" and gets "alice"

  Scenario: A static user may be another one at PostgreSQL
    Given the static users
      | name  | pool_size | server_username | server_password |
      | alice | 1         | :bob            | bob_pw          |
    And a pooler
    When alice connects
    Then alice runs "select current_user" and gets "bob"
    And the pools are
      | user | clients |
      | bob  | 1       |

  Scenario: Servers are kept warm
    Given the static users
      | name  | pool_size | min_pool_size |
      | alice | 4         | 2             |
    And a pooler
    And the pooler may keep 2 servers in 0 pools
    Then within 3 s PostgreSQL has 2 sessions of alice
    When every session of alice is terminated
    Then within 5 s PostgreSQL has 2 sessions of alice

  Scenario: A dynamic pool is kept warm too, and so stays
    Given a pooler with
      | auth_query.pool_size     | 4 |
      | auth_query.min_pool_size | 2 |
    And the pooler may keep 2 servers in 1 pool
    When alice connects
    And alice disconnects
    Then within 3 s PostgreSQL has 2 sessions of alice
    And after 5 more sweeps the pools are
      | user  | clients | servers |
      | alice | 0       | 2       |

  Scenario: Startup parameters reach every server
    Given a pooler with
      | startup_parameters | { work_mem = "3MB", "app.tenant" = "blue" } |
    When alice connects
    Then the clients get
      | alice | show work_mem     | 3MB  |
      | alice | show "app.tenant" | blue |
