"""The lives of a simulated company's leads, customers, tickets and machines, event by event.

    arrivals -+-> lead ---> deal ---> membership      a customer, until they churn, and perhaps return
              |    +-> referral        +-> subscription, consent
              +-> expansion ---> deal                 a customer buys more and changes plan
              +-> subscription change, order ---> refund
              +-> interaction, reference, consent change, erasure
              +-> ticket ---> survey (csat, ces)
              +-> survey (nps)
              +-> touch ---> conversion               of a campaign
              +-> act, task, training, record check   of the company's own users
              +-> request, incident                   of its machines
              +-> record.removed                      what was a mistake
    bookkeeping ---> cost, benefit                    every month

A family of stories has a file, and a file of the same name in `streams.embedded.habits` says what they do how
often and how fast.
"""
