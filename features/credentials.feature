@auth-query
Feature: Passwords change under their users

  Background:
    Given PostgreSQL with the user alice
    And a pooler with
      | auth_query.cache_ttl    | 200ms |
      | auth_query.min_interval | 0s    |
      | idle_timeout            | 300ms |

  Scenario: The new password works, the old one no longer
    When alice connects
    And alice runs "select 1"
    And the password of alice becomes "new"
    Then within 3 s alice#2 can connect with password "new"
    When alice#3 connects with password "alice_pw"; fails with SQLSTATE 28P01

  Scenario: The same password under a new salt, and a client that was there before
    When alice connects
    And alice runs "select 1"
    Then within 3 s PostgreSQL has 0 sessions of alice
    When the password of alice becomes "alice_pw"
    And alice runs "select 1"; fails with SQLSTATE 57P01
    Then within 3 s alice#2 can connect with password "alice_pw"
    And alice#2 runs "select 1" and gets "1"

  Scenario: A connected client whose server is still there goes on
    When alice connects
    And alice runs "begin"
    And the password of alice becomes "other"
    Then alice runs "select 1" and gets "1"
    And alice runs "commit"

  Scenario Outline: A role that is <what> is refused at once
    When PostgreSQL runs "<sql>"
    And alice connects; fails with SQLSTATE <code>
    Then there are no pools

    Examples:
      | what    | sql                                     | code  |
      | nologin | alter role :alice nologin               | 28P01 |
      | expired | alter role :alice valid until 'yesterday' | 28P01 |
      | dropped | drop role :alice                        | 28P01 |
