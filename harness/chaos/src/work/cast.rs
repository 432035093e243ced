//! Who plays: which user each client logs in as, and how it comes and goes.

use crate::plan::Order;

/// Users that are there only now and then, so that first logins, reaping and collection never end.
const VISITED: usize = 2;
/// With fewer users nobody is left to be crowded.
const FEWEST_USERS: usize = 5;

/// One client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Role {
    /// Its number in the order, from 0.
    pub(super) number: usize,
    /// The user's place in the order of names.
    pub(super) user: usize,
    /// Which of the user's clients it is, from 1.
    pub(super) nth: usize,
    /// It comes for a few requests and stays away long.
    pub(super) visitor: bool,
}

/// Client n is user n % users. Of the last two users only the first client is, and it is a visitor;
/// their other clients join the first users, which then have more clients than servers.
pub(super) fn cast(order: &Order) -> Vec<Role> {
    let users = order.users.max(1);
    let visited = if users < FEWEST_USERS { 0 } else { VISITED };
    let mut clients = vec![0; users];
    let role = |number: usize| {
        let user = number % users;
        let visitor = user >= users - visited;
        let user = if visitor && number >= users {
            user - (users - visited)
        } else {
            user
        };
        clients[user] += 1;
        Role {
            number,
            user,
            nth: clients[user],
            visitor: visitor && number < users,
        }
    };
    (0..order.clients).map(role).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clients(users: usize, clients: usize) -> Vec<usize> {
        let order = Order {
            seed: 1,
            seconds: 1,
            clients,
            users,
        };
        let mut counts = vec![0; users];
        for role in cast(&order) {
            counts[role.user] += 1;
            assert_eq!(role.nth, counts[role.user]);
        }
        counts
    }

    #[test]
    fn the_last_two_users_are_visited_by_one_client_each() {
        assert_eq!(clients(8, 24), [5, 5, 3, 3, 3, 3, 1, 1]);
    }

    #[test]
    fn a_small_order_has_a_client_for_each_user_as_long_as_there_are_any() {
        assert_eq!(clients(2, 3), [2, 1]);
        assert_eq!(clients(8, 3), [1, 1, 1, 0, 0, 0, 0, 0]);
    }
}
