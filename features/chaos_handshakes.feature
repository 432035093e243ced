@chaos @serial
Feature: Logins go on while handshakes are held and cut
  Pools are born and collected all the time; a handshake that fails takes nobody else's pool with it.

  Scenario: First logins are held and cut between pooler and PostgreSQL
    Given chaos with seed 21, 16 clients of 8 users, for 7 s
    And the faults
      | at    | for    | fault                                            |
      | 0.5 s | 900 ms | servers: hold before SSLResponse                 |
      | 1.6 s | 700 ms | servers: close before AuthenticationSASLContinue |
      | 2.4 s | 900 ms | servers: hold before ReadyForQuery #1            |
      | 3.4 s | 600 ms | servers: truncate 3 bytes before ParameterStatus |
      | 4.1 s | 600 ms | servers: reset before AuthenticationOk           |
      | 4.8 s | 700 ms | servers: error 53300 before StartupMessage       |
      | 5.6 s | 700 ms | servers: blackhole before SASLResponse           |
    When the storm is over
    Then every judge is content
    And at least 60 logins succeeded

  Scenario: Clients are cut off in the middle of their own
    Given chaos with seed 22, 16 clients of 8 users, for 6 s
    And the faults
      | at    | for    | fault                                           |
      | 0.5 s | 700 ms | clients: close before AuthenticationSASLFinal   |
      | 1.4 s | 700 ms | clients: reset before PasswordMessage           |
      | 2.3 s | 900 ms | clients: hold before AuthenticationOk           |
      | 3.4 s | 700 ms | clients: truncate 3 bytes before StartupMessage |
      | 4.3 s | 900 ms | clients: blackhole before AuthenticationSASL    |
    When the storm is over
    Then every judge is content
    And at least 60 logins succeeded
