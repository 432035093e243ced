Feature: Configuration files
  A good one is good in any of its shapes.

  Scenario: A good file
    Given the configuration file good.toml
      """
      [general]
      admin_username = "admin"
      admin_password = "admin"

      [pools.app]
      server_host = "127.0.0.1"

      [pools.app.auth_query]
      query = "SELECT usename, passwd FROM pg_catalog.pg_shadow WHERE usename = $1"
      user = "auth"
      password = "auth_pw"
      """
    When pgturnstile is run with "-t good.toml"
    Then it exits with 0
    And its stdout has exactly the lines with
      | syntax is ok       |
      | test is successful |

  Scenario: The same in YAML, its users as a numbered table
    Given the configuration file good.yaml
      """
      general:
        admin_username: "admin"
        admin_password: "admin"
      pools:
        app:
          server_host: "127.0.0.1"
          users:
            "0": { username: "batch", password: "batch_pw", pool_size: 4 }
      """
    When pgturnstile is run with "-t good.yaml"
    Then it exits with 0

  Scenario: Both -V and -h answer
    When pgturnstile is run with "-V"
    Then it exits with 0
    When pgturnstile is run with "--help"
    Then it exits with 0
