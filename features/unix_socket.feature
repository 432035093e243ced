@unix-socket
Feature: Clients over a unix socket
  On the pooler's own machine there is a way in without TCP, and the kernel tells who came by it.

  Background:
    Given PostgreSQL with the user alice
    And a unix socket before the pooler
    And a pooler

  Scenario Outline: <who> logs in, is served and shows
    When alice connects <manner>
    Then alice runs "select current_user = session_user, 1" and gets "t|1"
    And "SHOW CLIENTS" shows of the users
      | type | user  | database | state | addr | port | local_addr | remote_pid |
      | C    | alice | app      | idle  | unix | 0    | unix       | own        |

    Examples:
      | who           | manner                       |
      | A driver      | over the unix socket         |
      | A wire client | over the unix socket by wire |

  Scenario: A wrong password is refused there, too
    When alice connects over the unix socket with password "guess"; fails with SQLSTATE 28P01
    And alice connects over the unix socket
    Then alice runs "select 1" and gets "1"

  Scenario: A query is cancelled over it
    When alice connects over the unix socket
    And alice starts "select pg_sleep(30)"
    Then within 5 s PostgreSQL runs 1 query with "pg_sleep"
    When alice cancels
    Then alice's query ends; fails with SQLSTATE 57014
