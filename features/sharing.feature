Feature: Clients share servers
  In transaction mode a server belongs to a client for a turn, not for a session.

  Background:
    Given PostgreSQL with the users alice and bob
    And a pooler with
      | auth_query.pool_size | 1   |
      | idle_timeout         | 10s |
    And the pooler may keep 2 servers in 2 pools

  Scenario: Two clients of one user take turns on one server
    When alice connects
    And alice#2 connects
    And alice notes "select pg_backend_pid()" as pid
    Then alice#2's "select pg_backend_pid()" is the noted pid
    And alice's "select pg_backend_pid()" is the noted pid
    And the pools are
      | user  | clients | servers |
      | alice | 2       | 1       |

  Scenario: Users never share
    When alice connects
    And bob connects
    And alice notes "select pg_backend_pid()" as pid
    Then bob's "select pg_backend_pid()" is not the noted pid
    And the clients get
      | alice | select current_user, session_user | alice\|alice |
      | bob   | select current_user, session_user | bob\|bob     |

  Scenario: A client in a transaction keeps its server, the other waits its turn
    When alice connects
    And alice#2 connects
    And alice runs "begin"
    And alice#2 starts "select 'served'"
    Then within 2 s the pools are
      | user  | waiting | sv_active | servers |
      | alice | 1       | 1         | 1       |
    When alice runs "commit"
    Then alice#2's query answers "served"

  Scenario: Twenty clients on one server are all served
    When 20 clients of alice log in at once
    Then all of them succeed
    And each of them runs "select 1"
    And within 2 s PostgreSQL has 1 session of alice
