//! The sample quiz: what is asked and who plays.

/// A question with its right option.
pub(super) struct Question {
    pub(super) text: &'static str,
    pub(super) options: [&'static str; 4],
    pub(super) correct: usize,
    pub(super) points: u32,
}

pub(super) const TITLE: &str = "How well do you know your planet?";
pub(super) const DESCRIPTION: &str = "Ten questions on land, sea and sky. The harder ones earn more.";

pub(super) const QUESTIONS: [Question; 10] = [
    Question {
        text: "Which ocean is the largest?",
        options: ["Atlantic", "Indian", "Pacific", "Arctic"],
        correct: 2,
        points: 10,
    },
    Question {
        text: "Which gas makes up most of the air that we breathe?",
        options: ["Nitrogen", "Oxygen", "Carbon dioxide", "Argon"],
        correct: 0,
        points: 10,
    },
    Question {
        text: "Why are there seasons?",
        options: [
            "The distance to the sun changes",
            "The earth's axis is tilted",
            "The sun shines brighter in some months",
            "The moon shades the earth",
        ],
        correct: 1,
        points: 15,
    },
    Question {
        text: "Which desert is the largest of all, cold ones included?",
        options: ["Sahara", "Gobi", "Arabian", "Antarctic"],
        correct: 3,
        points: 20,
    },
    Question {
        text: "Which river carries the most water into the sea?",
        options: ["Nile", "Congo", "Yangtze", "Amazon"],
        correct: 3,
        points: 15,
    },
    Question {
        text: "Which layer of the atmosphere holds most of the ozone?",
        options: ["Troposphere", "Stratosphere", "Mesosphere", "Thermosphere"],
        correct: 1,
        points: 25,
    },
    Question {
        text: "Where is the deepest known point of the sea?",
        options: ["Puerto Rico Trench", "Java Trench", "Mariana Trench", "Tonga Trench"],
        correct: 2,
        points: 10,
    },
    Question {
        text: "How much of the earth's water is fresh, ice included?",
        options: ["About 2.5 %", "About 10 %", "About 25 %", "About 40 %"],
        correct: 0,
        points: 20,
    },
    Question {
        text: "Which of these rocks was once molten?",
        options: ["Limestone", "Sandstone", "Basalt", "Marble"],
        correct: 2,
        points: 15,
    },
    Question {
        text: "About how long does sunlight take to reach the earth?",
        options: ["8 seconds", "8 minutes", "8 hours", "8 days"],
        correct: 1,
        points: 10,
    },
];

const NAMES: [&str; 40] = [
    "Amara", "Bao", "Camille", "Dmitri", "Elif", "Farah", "Gustavo", "Hana", "Ingrid", "Jamal", "Keiko",
    "Lars", "Mei", "Nadia", "Omar", "Priya", "Quentin", "Rosa", "Sefa", "Tomás", "Uma", "Viktor", "Wanjiru",
    "Ximena", "Yusuf", "Zofia", "Aroha", "Bram", "Chiara", "Diego", "Eilidh", "Femi", "Greta", "Hugo",
    "Isla", "Juma", "Kavya", "Leila", "Mateo", "Noor",
];

/// The name of the player with this number, different for each.
pub(super) fn name(player: usize) -> String {
    let name = NAMES[player % NAMES.len()];
    match player / NAMES.len() {
        0 => name.to_owned(),
        round => format!("{name} {}", round + 1),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_thousand_players_have_a_thousand_names() {
        assert_eq!((0..1000).map(name).collect::<HashSet<_>>().len(), 1000);
    }

    #[test]
    fn each_question_has_one_right_option_among_different_ones() {
        for question in QUESTIONS {
            assert!(question.correct < question.options.len(), "{}", question.text);
            assert_eq!(question.options.iter().collect::<HashSet<_>>().len(), 4, "{}", question.text);
        }
    }
}
