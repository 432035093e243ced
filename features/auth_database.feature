@auth-query
Feature: The database of the look-ups is slow or wrong
  Logins fail in time with 57P03; who is in, stays in.

  Scenario: It hangs
    Given PostgreSQL with the users alice and bob
    And PostgreSQL runs "create table secrets as select usename::text, passwd from pg_shadow; grant select on secrets to :auth"
    And a pooler with
      | auth_query.query     | select usename, passwd from secrets where usename = $1 |
      | client_login_timeout | 3s |
    When alice connects
    And alice runs "select 1"
    And a superuser holds a lock on secrets
    And bob connects; fails with SQLSTATE 57P03
    Then alice runs "select 1" and gets "1"
    When the superuser lets go
    And bob connects
    Then bob runs "select current_user" and gets "bob"

  Scenario Outline: It answers <what>
    Given PostgreSQL with the user alice
    And a pooler with
      | auth_query.query | <query> |
    When alice connects; fails with SQLSTATE <code>
    Then there are no pools

    Examples:
      | what               | query                                                        | code  |
      | with an error      | select usename, passwd from no_such_table where usename = $1 | 57P03 |
      | with no row        | select usename, passwd from pg_shadow where usename = $1 and false | 28P01 |
      | with NULL          | select usename, null::text as passwd from pg_shadow where usename = $1 | 28P01 |
      | with two rows      | select usename, passwd from pg_shadow where $1 is not null   | 57P03 |
      | without a password | select usename, 1 as one from pg_shadow where usename = $1   | 57P03 |

  Scenario: It may be told the database
    Given PostgreSQL with the user alice
    And a pooler with
      | auth_query.query | select usename, passwd from pg_shadow where usename = $1 and $2 = current_database() |
    When alice connects
    Then alice runs "select current_user" and gets "alice"
