@chaos @serial
Feature: PostgreSQL goes down and comes back under its clients
  Whoever was in the middle of something gets an error and may try again; what was acknowledged stays.

  Scenario: Money moves while PostgreSQL is restarted in three ways
    Given chaos with seed 11, 16 clients of 6 users, for 7 s
    And the faults
      | at    | for    | fault                         |
      | 0.8 s | 400 ms | PostgreSQL: restart fast      |
      | 2.6 s | 300 ms | PostgreSQL: restart immediate |
      | 4.6 s | 300 ms | PostgreSQL: restart kill      |
    When the storm is over
    Then every judge is content
    And at least 30 requests of transfer succeeded

  Scenario: It stands still, and backends are terminated
    Given chaos with seed 12, 16 clients of 6 users, for 6 s
    And the faults
      | at    | for    | fault                     |
      | 0.6 s | 1.2 s  | PostgreSQL: freeze        |
      | 2.4 s | 100 ms | PostgreSQL: terminate one |
      | 3.0 s | 100 ms | PostgreSQL: terminate all |
      | 4.0 s | 100 ms | PostgreSQL: reload        |
      | 4.6 s | 100 ms | PostgreSQL: terminate all |
    When the storm is over
    Then every judge is content
    And every fault has acted

  Scenario: It is killed between the last word of a statement and its commit
    Given chaos with seed 99, 16 clients of 6 users, for 5 s
    And the faults
      | at    | for    | fault                             |
      | 0.6 s | 900 ms | clients: delay 100 ms before Sync |
      | 1.1 s | 300 ms | PostgreSQL: restart kill          |
      | 2.6 s | 900 ms | clients: delay 100 ms before Sync |
      | 3.1 s | 300 ms | PostgreSQL: restart immediate     |
    When the storm is over
    Then every judge is content
    And every fault has acted
