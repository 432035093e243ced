mod child;
mod facts;
mod property;
mod scenario;
mod under_loom;
mod under_shuttle;

fn main() {
    let n: usize = std::env::args().nth(1).unwrap().parse().unwrap();
    let s = scenario::all();
    eprintln!("{n}/{} {}", s.len(), s[n]);
    child::run(s[n].clone(), 1, None);
}
