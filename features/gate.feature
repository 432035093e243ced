Feature: When no server or no place is free

  Background:
    Given PostgreSQL with the users alice and bob

  Scenario: No server within query_wait_timeout; the session goes on
    Given a pooler with
      | auth_query.pool_size | 1     |
      | query_wait_timeout   | 300ms |
    When alice connects
    And alice#2 connects
    And alice runs "begin"
    And alice#2 runs "select 1"; fails with SQLSTATE 53300
    And alice runs "commit"
    Then alice#2 runs "select 1" and gets "1"

  Scenario: The same in the extended protocol skips to Sync
    Given a pooler with
      | auth_query.pool_size | 1     |
      | query_wait_timeout   | 300ms |
    When alice connects
    And alice#2 connects by wire
    And alice runs "begin"
    And alice#2 sends
      | Parse   |  | select 1 |
      | Bind    |  |          |
      | Execute |  |          |
      | Sync    |  |          |
    Then alice#2 receives
      | ErrorResponse 53300 |
      | ReadyForQuery I     |

  Scenario: Too many clients
    Given a pooler with
      | max_connections | 2 |
    When alice connects
    And bob connects
    And alice#2 connects; fails with SQLSTATE 53300
    And bob disconnects
    Then within 2 s alice#2 can connect with password "alice_pw"
