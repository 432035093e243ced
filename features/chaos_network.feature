@chaos @serial
Feature: The network comes and goes in the middle of the work
  Nobody gets another's bytes, half a row or half a transfer.

  Scenario: Between pooler and PostgreSQL
    Given chaos with seed 31, 16 clients of 6 users, for 7 s
    And the faults
      | at    | for    | fault                                    |
      | 0.5 s | 500 ms | servers: reset before DataRow            |
      | 1.2 s | 600 ms | servers: slices of 3 bytes               |
      | 2.0 s | 600 ms | servers: close before CommandComplete    |
      | 2.8 s | 700 ms | servers: blackhole before CopyData       |
      | 3.6 s | 500 ms | servers: hold after Sync                 |
      | 4.3 s | 600 ms | servers: latency 200 ms                  |
      | 5.1 s | 300 ms | servers: down                            |
      | 5.8 s | 500 ms | servers: truncate 3 bytes before DataRow |
    When the storm is over
    Then every judge is content
    And at least 30 requests of transfer succeeded

  Scenario: Between clients and pooler
    Given chaos with seed 32, 16 clients of 6 users, for 7 s
    And the faults
      | at    | for    | fault                                   |
      | 0.5 s | 500 ms | clients: reset before DataRow           |
      | 1.2 s | 500 ms | clients: truncate 3 bytes before Query  |
      | 2.0 s | 700 ms | clients: blackhole before ReadyForQuery |
      | 2.9 s | 500 ms | clients: close after Bind               |
      | 3.6 s | 900 ms | clients: hold before CopyData           |
      | 4.7 s | 700 ms | clients: bandwidth 20 KB/s              |
      | 5.6 s | 300 ms | clients: reset                          |
    When the storm is over
    Then every judge is content
    And every fault has acted
