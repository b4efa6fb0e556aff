//! How a participant's watermarks move. Receipts only go forward; where counting begins may go back.

use crate::store::participants::LockedPlace;

/// Moves the delivered watermark to the place's target; answers whether it moved.
pub(crate) fn deliver(place: &mut LockedPlace) -> bool {
    if place.to_sequence <= place.delivered_sequence {
        return false;
    }
    place.delivered_sequence = place.to_sequence;
    place.delivered_message_id = place.to_message_id;
    true
}

/// What reading up to a message changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading {
    /// The receipt: others are told.
    pub moved: bool,
    /// Anything: the row is written.
    pub changed: bool,
}

/// Moves the read watermark to the place's target, and with it the delivered one.
pub(crate) fn read(place: &mut LockedPlace) -> Reading {
    let mut reading = Reading { moved: false, changed: deliver(place) };
    if let Some(unread) = place.unread_sequence {
        let read_before = place.read_sequence.max(place.joined_sequence).max(place.history_sequence);
        if place.to_sequence >= read_before {
            place.unread_sequence = None;
            place.unread_message_id = None;
            reading.changed = true;
        } else if place.to_sequence > unread {
            place.unread_sequence = Some(place.to_sequence);
            place.unread_message_id = Some(place.to_message_id);
            reading.changed = true;
        }
    }
    if place.to_sequence > place.read_sequence {
        place.read_sequence = place.to_sequence;
        place.read_message_id = place.to_message_id;
        reading.moved = true;
        reading.changed = true;
    }
    reading
}

/// Makes what follows the place's target unread.
pub(crate) fn unread(place: &mut LockedPlace) {
    place.unread_sequence = Some(place.to_sequence);
    place.unread_message_id = Some(place.to_message_id);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(read: i64, to: i64) -> LockedPlace {
        LockedPlace {
            conversation_id: 1,
            history_sequence: 0,
            joined_sequence: 0,
            read_sequence: read,
            read_message_id: read * 10,
            delivered_sequence: read,
            delivered_message_id: read * 10,
            unread_sequence: None,
            unread_message_id: None,
            to_sequence: to,
            to_message_id: to * 10,
            to_sender: "ann".to_owned(),
        }
    }

    #[test]
    fn watermarks_never_go_back() {
        let mut place = place(5, 3);
        assert_eq!(read(&mut place), Reading { moved: false, changed: false });
        assert!(!deliver(&mut place));
        assert_eq!((place.read_sequence, place.delivered_sequence), (5, 5));
    }

    #[test]
    fn what_is_read_is_delivered() {
        let mut place = place(1, 4);
        assert!(read(&mut place).moved);
        assert_eq!((place.delivered_sequence, place.delivered_message_id), (4, 40));
    }

    #[test]
    fn marking_unread_leaves_the_receipt_and_reading_again_ends_it() {
        let mut place = place(10, 5);
        unread(&mut place);
        assert_eq!((place.read_sequence, place.unread_sequence), (10, Some(5)));
        place.to_sequence = 7;
        assert_eq!(read(&mut place), Reading { moved: false, changed: true });
        assert_eq!((place.read_sequence, place.unread_sequence), (10, Some(7)));
        place.to_sequence = 10;
        assert_eq!(read(&mut place), Reading { moved: false, changed: true });
        assert_eq!(place.unread_sequence, None);
    }
}
