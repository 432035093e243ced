@console
Feature: Cancel requests in SHOW POOLS
  A request that is under way is counted, and so is the server that has to wait for its end.

  Scenario: A request that PostgreSQL does not answer holds its server back
    Given PostgreSQL with the user alice
    And a relay before PostgreSQL
    And a pooler with
      | cancel_wait_timeout | 4s |
    When alice connects by wire
    And alice starts "select pg_sleep(2), 'slept'"
    Then within 5 s PostgreSQL runs 1 query with "pg_sleep"
    When the relay falls silent
    And bob dials
    And bob asks to cancel alice
    Then within 2 s "SHOW POOLS" shows of the users
      | user  | cl_active_cancel_req | sv_active | sv_active_cancel | sv_being_canceled |
      | alice | 1                    | 1         | 1                | 0                 |
    And alice's query answers "|slept"
    And within 2 s "SHOW POOLS" shows of the users
      | user  | cl_active_cancel_req | sv_active | sv_active_cancel | sv_being_canceled |
      | alice | 1                    | 0         | 1                | 1                 |
    And within 5 s "SHOW POOLS" shows of the users
      | user  | cl_active_cancel_req | sv_active | sv_active_cancel | sv_being_canceled |
      | alice | 0                    | 0         | 0                | 0                 |
    When the relay answers again
    Then alice runs "select 1" and gets "1"
