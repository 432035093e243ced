Feature: TLS towards PostgreSQL
  The modes are libpq's words.

  Background:
    Given PostgreSQL with the user alice

  Scenario Outline: <mode> <encrypts>
    Given a pooler with
      | pool.server_tls_mode | <mode> |
    When alice connects
    Then alice runs "select ssl from pg_stat_ssl where pid = pg_backend_pid()" and gets "<ssl>"

    Examples:
      | mode        | encrypts        | ssl |
      | disable     | does not encrypt | f   |
      | allow       | begins in plain | f   |
      | prefer      | encrypts        | t   |
      | require     | encrypts        | t   |
      | verify-ca   | encrypts        | t   |
      | verify-full | encrypts        | t   |
