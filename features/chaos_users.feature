@chaos @serial @auth-query
Feature: Users change their passwords while the look-ups fail
  The right password works within a second or two, the old one stops working, nobody is let in by mistake.

  Scenario: New passwords, new salts, and a database of look-ups that is down, silent and slow
    Given chaos with seed 41, 16 clients of 6 users, for 8 s
    And the faults
      | at    | for    | fault                     |
      | 0.5 s | 100 ms | password: new for user 0  |
      | 1.0 s | 100 ms | password: same for user 2 |
      | 1.5 s | 800 ms | look-ups: down            |
      | 2.6 s | 100 ms | password: new for user 1  |
      | 3.0 s | 900 ms | look-ups: silent          |
      | 4.2 s | 100 ms | password: new for user 4  |
      | 4.6 s | 900 ms | look-ups: slow 400 ms     |
      | 5.8 s | 100 ms | password: same for user 0 |
    When the storm is over
    Then every judge is content
    And at least 60 logins succeeded
