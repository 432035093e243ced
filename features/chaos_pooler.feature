@chaos @serial
Feature: The pooler is reloaded, paused, drained and killed under its clients
  Its clients are told or cut off, come back, and find everything as it was.

  Scenario: Reloads, also of a broken file, and PAUSE
    Given chaos with seed 51, 16 clients of 6 users, for 7 s
    And the faults
      | at    | for    | fault                  |
      | 0.5 s | 100 ms | pooler: reload         |
      | 1.0 s | 1.2 s  | pooler: reload changed |
      | 2.6 s | 500 ms | pooler: reload broken  |
      | 3.6 s | 900 ms | pooler: pause          |
    When the storm is over
    Then every judge is content
    And at least 30 requests of transfer succeeded

  Scenario: It is killed and drained, and started again
    Given chaos with seed 52, 16 clients of 6 users, for 7 s
    And the faults
      | at    | for    | fault         |
      | 1.0 s | 300 ms | pooler: kill  |
      | 3.0 s | 300 ms | pooler: drain |
      | 5.0 s | 300 ms | pooler: kill  |
    When the storm is over
    Then every judge is content
    And at least 60 logins succeeded
