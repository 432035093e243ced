@portable
Feature: Pipelines
  What comes back is what a direct connection gives, message by message.

  Background:
    Given PostgreSQL with the user alice
    And a pooler with
      | auth_query.pool_size | 1 |
    And PostgreSQL runs "create table t (a int); grant all on t to public"

  Scenario: The extended protocol, and its simple neighbours, in one write
    When alice connects by wire
    And alice sends
      | Query          | select 1; select 2 |                    |
      | Parse          |                    | select $1::int + 1 |
      | Bind           |                    | 41                 |
      | DescribePortal |                    |                    |
      | Execute        |                    |                    |
      | Sync           |                    |                    |
      | Query          |                    |                    |
    Then alice receives
      | RowDescription ?column?  |
      | DataRow 1                |
      | CommandComplete SELECT 1 |
      | RowDescription ?column?  |
      | DataRow 2                |
      | CommandComplete SELECT 1 |
      | ReadyForQuery I          |
      | ParseComplete            |
      | BindComplete             |
      | RowDescription ?column?  |
      | DataRow 42               |
      | CommandComplete SELECT 1 |
      | ReadyForQuery I          |
      | EmptyQueryResponse       |
      | ReadyForQuery I          |

  Scenario: Fifty Syncs in one write, a BEGIN among them
    When alice connects by wire
    And alice sends
      | 24*Sync |        |
      | Query   | begin  |
      | 24*Sync |        |
      | Query   | commit |
    Then alice receives
      | 24*ReadyForQuery I     |
      | CommandComplete BEGIN  |
      | ReadyForQuery T        |
      | 24*ReadyForQuery T     |
      | CommandComplete COMMIT |
      | ReadyForQuery I        |
