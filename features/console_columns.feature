@console
Feature: The columns of the admin console
  Exporters read some of it by position: columns, order and types are PgBouncer's.

  Background:
    Given PostgreSQL with the user alice
    And a pooler

  Scenario: SHOW POOLS has PgBouncer's 17 columns, and the console's own row comes last
    Then "SHOW POOLS" has exactly the columns
      | database              | t |
      | user                  | t |
      | cl_active             | i |
      | cl_waiting            | i |
      | cl_active_cancel_req  | i |
      | cl_waiting_cancel_req | i |
      | sv_active             | i |
      | sv_active_cancel      | i |
      | sv_being_canceled     | i |
      | sv_idle               | i |
      | sv_used               | i |
      | sv_tested             | i |
      | sv_login              | i |
      | maxwait               | i |
      | maxwait_us            | i |
      | pool_mode             | t |
      | load_balance_hosts    | t |
    When alice connects
    Then the last row of "SHOW POOLS" belongs to "pgbouncer"
    And "SHOW POOLS" shows of the users
      | database | user  | cl_active | cl_waiting | sv_active | pool_mode   | load_balance_hosts |
      | app      | alice | 1         | 0          | 0         | transaction | NULL               |

  Scenario Outline: <command> has the 21 columns
    Then "<command>" has exactly the columns
      | type                | t |
      | user                | t |
      | database            | t |
      | replication         | t |
      | state               | t |
      | addr                | t |
      | port                | i |
      | local_addr          | t |
      | local_port          | i |
      | connect_time        | t |
      | request_time        | t |
      | wait                | i |
      | wait_us             | i |
      | close_needed        | i |
      | ptr                 | t |
      | link                | t |
      | remote_pid          | i |
      | tls                 | t |
      | application_name    | t |
      | prepared_statements | i |
      | id                  | i |

    Examples:
      | command      |
      | SHOW CLIENTS |
      | SHOW SERVERS |

  Scenario: SHOW AUTH_QUERY and SHOW INTERNALS are ours
    Then "SHOW AUTH_QUERY" has exactly the columns
      | database                 | t |
      | cache_entries            | n |
      | cache_hits               | n |
      | cache_misses             | n |
      | cache_refetches          | n |
      | cache_rate_limited       | n |
      | auth_success             | n |
      | auth_failure             | n |
      | executor_queries         | n |
      | executor_errors          | n |
      | dynamic_pools_current    | n |
      | dynamic_pools_created    | n |
      | dynamic_pools_destroyed  | n |
      | pools_joined             | n |
      | pools_committed          | n |
      | pools_dropped            | n |
      | pools_reaped             | n |
      | gc_sweeps                | n |
      | gc_skipped_initialising  | n |
      | commit_superseded        | n |
      | lookups                  | n |
    And "SHOW INTERNALS" has exactly the columns
      | key   | t |
      | value | q |
    And "SHOW VERSION" begins with "PgBouncer 1.25.2 (pgturnstile "
    And "SHOW HELP" begins with "SHOW HELP"
