Feature: Names of prepared statements
  A name belongs to its client: two may use one, and a failed one is nobody's.

  Background:
    Given PostgreSQL with the user alice

  @portable
  Scenario: Two clients may give one name to two statements
    Given a pooler with
      | auth_query.pool_size | 1 |
    When alice connects by wire
    And alice#2 connects by wire
    And alice sends
      | Parse | s | select 'first' as one |
      | Sync  |   |                       |
    And alice#2 sends
      | Parse | s | select 'second' as two |
      | Sync  |   |                        |
    Then alice receives
      | ParseComplete   |
      | ReadyForQuery I |
    And alice#2 receives
      | ParseComplete   |
      | ReadyForQuery I |
    When alice sends
      | Bind              | s |
      | DescribeStatement | s |
      | Execute           |   |
      | Sync              |   |
    Then alice receives
      | BindComplete             |
      | ParameterDescription 0   |
      | RowDescription one       |
      | DataRow first            |
      | CommandComplete SELECT 1 |
      | ReadyForQuery I          |
    When alice sends
      | CloseStatement | s |
      | Bind           | s |
      | Sync           |   |
    Then alice receives
      | CloseComplete       |
      | ErrorResponse 26000 |
      | ReadyForQuery I     |

  Scenario: A failed Parse leaves nothing under its name for others
    Given a pooler with
      | auth_query.pool_size | 1 |
    When alice connects by wire
    And alice#2 connects by wire
    And alice sends
      | Parse | s | selekt |
      | Sync  |   |        |
    Then alice receives
      | ErrorResponse 42601 |
      | ReadyForQuery I     |
    When alice#2 sends
      | Parse   | s | select 1 |
      | Bind    | s |          |
      | Execute |   |          |
      | Sync    |   |          |
    Then alice#2 receives
      | ParseComplete            |
      | BindComplete             |
      | DataRow 1                |
      | CommandComplete SELECT 1 |
      | ReadyForQuery I          |
