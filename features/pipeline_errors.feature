@portable
Feature: Pipelines that fail, flush or stop half-way

  Background:
    Given PostgreSQL with the user alice
    And a pooler with
      | auth_query.pool_size | 1 |
    And PostgreSQL runs "create table t (a int); grant all on t to public"

  Scenario: Flush brings the replies, Sync brings the commit
    When alice connects by wire
    And alice#2 connects
    And alice sends
      | Parse   |  | insert into t values (1) |
      | Bind    |  |                          |
      | Execute |  |                          |
      | Flush   |  |                          |
    Then alice receives
      | ParseComplete              |
      | BindComplete               |
      | CommandComplete INSERT 0 1 |
    And within 2 s PostgreSQL answers "select count(*) from t" with 0
    When alice sends
      | Sync |
    Then alice receives
      | ReadyForQuery I |
    And within 2 s PostgreSQL answers "select count(*) from t" with 1
    And alice#2 runs "select count(*) from t" and gets "1"

  Scenario: An error skips to the next Sync, queries too
    When alice connects by wire
    And alice sends
      | Parse   |                  | select 1/0 |
      | Bind    |                  |            |
      | Execute |                  |            |
      | Query   | select 'skipped' |            |
      | Parse   |                  | select 2   |
      | Sync    |                  |            |
      | Query   | select 3         |            |
    Then alice receives
      | ParseComplete            |
      | ErrorResponse 22012      |
      | ReadyForQuery I          |
      | RowDescription ?column?  |
      | DataRow 3                |
      | CommandComplete SELECT 1 |
      | ReadyForQuery I          |

  Scenario: A portal is read in pieces, and a function is called by number
    When alice connects by wire
    And alice sends
      | Parse        |      | select * from generate_series(1,3) |
      | Bind         |      |                                    |
      | Execute      | 2    |                                    |
      | Execute      | 2    |                                    |
      | Sync         |      |                                    |
      | FunctionCall | 1257 | four                               |
    Then alice receives
      | ParseComplete            |
      | BindComplete             |
      | DataRow 1                |
      | DataRow 2                |
      | PortalSuspended          |
      | DataRow 3                |
      | CommandComplete SELECT 1 |
      | ReadyForQuery I          |
      | FunctionCallResponse     |
      | ReadyForQuery I          |
