Feature: Pause and resume

  Background:
    Given PostgreSQL with the users alice and bob
    And a pooler with
      | query_wait_timeout | 500ms |

  Scenario: Queries wait, and go on at RESUME, their wait not counted
    When alice connects
    And the console runs "PAUSE"
    Then within 2 s PostgreSQL has 0 sessions of alice
    When alice starts "select 'waited'"
    Then within 2 s the pools are
      | user  | waiting | servers |
      | alice | 1       | 0       |
    And after 4 more sweeps the pools are
      | user  | waiting | servers |
      | alice | 1       | 0       |
    When the console runs "RESUME"
    Then alice's query answers "waited"

  Scenario: PAUSE waits for the transaction, and repeating either is no error
    When alice connects
    And alice runs "begin"
    And the pooler gets USR1
    Then alice runs "select 1" and gets "1"
    And alice runs "commit"
    And within 2 s PostgreSQL has 0 sessions of alice
    When the console runs "PAUSE"
    And the console runs "PAUSE :app"
    And the pooler gets USR2
    Then within 5 s alice runs "select 1" and gets "1"
    When the console runs "RESUME"
    And the console runs "PAUSE nowhere"; fails with SQLSTATE 08P01

  Scenario: A first login waits for RESUME
    When the console runs "PAUSE"
    And bob begins to connect
    Then within 2 s "SHOW INTERNALS" says
      | pending | 1 |
    When the console runs "RESUME"
    Then bob gets in
    And bob runs "select current_user" and gets "bob"
