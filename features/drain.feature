Feature: The end of the pooler

  Background:
    Given PostgreSQL with the users alice and bob
    And a pooler with
      | shutdown_timeout | 10s |

  Scenario: TERM lets transactions end, and tells clients at the boundary
    When alice connects
    And bob connects
    And alice runs "begin"
    And the pooler gets TERM
    Then bob is disconnected; fails with SQLSTATE 57P01
    And alice runs "select 1" and gets "1"
    And alice runs "commit"
    And alice is disconnected; fails with SQLSTATE 57P01
    And within 5 s the pooler exits with 0
    And within 2 s PostgreSQL has 0 sessions of alice

  Scenario: Nobody new gets in while it drains
    When alice connects
    And alice runs "begin"
    And the pooler gets INT
    Then within 2 s bob can no longer connect
    And alice runs "commit"
    And within 5 s the pooler exits with 0

  Scenario: A second TERM ends at once
    When alice connects
    And alice runs "begin"
    And the pooler gets TERM
    Then within 2 s bob can no longer connect
    When the pooler gets TERM
    Then within 5 s the pooler exits with 3
    And within 5 s PostgreSQL has 0 sessions of alice

  Scenario: QUIT ends at once
    When alice connects
    And the pooler gets QUIT
    Then within 5 s the pooler exits with 0

  Scenario: The grace time runs out
    When alice connects
    And the pooler is reloaded with
      | shutdown_timeout | 500ms |
    And alice runs "begin"
    And the pooler gets TERM
    Then within 5 s the pooler exits with 3

  Scenario: Without clients it leaves at once
    When the pooler gets TERM
    Then within 5 s the pooler exits with 0
