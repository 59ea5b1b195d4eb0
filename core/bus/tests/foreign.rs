//! What names that other processes choose leave of the table. A binary of its own, because the table is one for the process.

use audithook_bus::{intern, symbol};

#[test]
fn names_from_elsewhere_leave_room_for_those_of_this_process() {
    let first = symbol::intern_foreign("foreign.0");
    for number in 1..symbol::FOREIGN {
        assert_ne!(
            symbol::intern_foreign(&format!("foreign.{number}")),
            symbol::OVERFLOW
        );
    }
    assert_eq!(symbol::intern_foreign("foreign.late"), symbol::OVERFLOW);
    assert_eq!(symbol::intern_foreign("foreign.0"), first);
    let own = intern("own.after.the.flood");
    assert_ne!(own, symbol::OVERFLOW);
    assert_eq!(symbol::intern_foreign("own.after.the.flood"), own);
}
