Feature: COPY within a pipeline
  Whether COPY eats a Sync is PostgreSQL's to know; what comes back is what a direct connection gives.

  Background:
    Given PostgreSQL with the user alice
    And a pooler with
      | auth_query.pool_size | 1 |
    And PostgreSQL runs "create table t (a int); grant all on t to public"

  Scenario: A COPY that fails has eaten its Sync, and skips what follows up to the next
    When alice connects by wire
    And alice sends
      | Parse   | | copy t from stdin |
      | Bind    | |                   |
      | Execute | |                   |
      | Sync    | |                   |
    Then alice receives
      | ParseComplete  |
      | BindComplete   |
      | CopyInResponse |
    When alice sends
      | CopyData | nonsense |          |
      | CopyDone |          |          |
      | Parse    |          | select 1 |
      | Bind     |          |          |
      | Execute  |          |          |
      | Query    | select 2 |          |
      | Sync     |          |          |
      | Query    | select 3 |          |
    Then alice receives
      | ErrorResponse 22P02      |
      | ReadyForQuery I          |
      | RowDescription ?column?  |
      | DataRow 3                |
      | CommandComplete SELECT 1 |
      | ReadyForQuery I          |
    When alice#2 connects
    Then alice#2 runs "select count(*) from t" and gets "0"

  Scenario: A COPY that works goes on with its batch
    When alice connects by wire
    And alice sends
      | Parse    |   | copy t from stdin     |
      | Bind     |   |                       |
      | Execute  |   |                       |
      | Sync     |   |                       |
      | CopyData | 7 |                       |
      | CopyDone |   |                       |
      | Parse    |   | select count(*) from t |
      | Bind     |   |                       |
      | Execute  |   |                       |
      | Sync     |   |                       |
    Then alice receives
      | ParseComplete            |
      | BindComplete             |
      | CopyInResponse           |
      | CommandComplete COPY 1   |
      | ParseComplete            |
      | BindComplete             |
      | DataRow 1                |
      | CommandComplete SELECT 1 |
      | ReadyForQuery I          |
    When alice#2 connects
    Then alice#2 runs "select a from t" and gets "7"

  Scenario: A Sync within the data is eaten, whether the COPY fails or works
    When alice connects by wire
    And alice sends
      | Query    | copy t from stdin |
      | CopyData | 7                 |
      | Sync     |                   |
      | CopyDone |                   |
      | Query    | copy t from stdin |
      | Sync     |                   |
      | CopyData | nonsense          |
      | CopyDone |                   |
    Then alice receives
      | CopyInResponse         |
      | CommandComplete COPY 1 |
      | ReadyForQuery I        |
      | CopyInResponse         |
      | ErrorResponse 22P02    |
      | ReadyForQuery I        |
    When alice#2 connects
    Then alice#2 runs "select a from t" and gets "7"

  Scenario: More messages than a turn keeps account of, with one Sync behind them all
    When alice connects by wire
    And alice sends
      | 1100*Parse | | select 1 |
      | Sync       | |          |
    Then alice receives
      | 1100*ParseComplete |
      | ReadyForQuery I    |
