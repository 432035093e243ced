Feature: PostgreSQL restarts under its clients

  Background:
    Given PostgreSQL of its own with the user alice
    And a pooler with
      | idle_timeout | 10s |
    And the pooler may keep 8 servers in 1 pool

  Scenario: Idle clients do not notice
    When alice connects
    And alice runs "select 1"
    And PostgreSQL restarts
    Then within 5 s the pools are
      | user  | clients | servers |
      | alice | 1       | 0       |
    And alice runs "select current_user" and gets "alice"

  Scenario: A query under way is lost with an error, the next one works
    When alice connects
    And alice#2 connects
    And alice starts "select pg_sleep(30)"
    Then within 5 s PostgreSQL runs 1 query with "pg_sleep"
    When PostgreSQL is killed
    And PostgreSQL starts again
    Then alice's query ends in failure
    And within 5 s alice#2 runs "select 1" and gets "1"

  Scenario: Every backend is terminated
    When alice connects
    And alice runs "select 1"
    And every session of alice is terminated
    Then within 5 s the pools are
      | user  | clients | servers |
      | alice | 1       | 0       |
    And alice runs "select current_user" and gets "alice"
